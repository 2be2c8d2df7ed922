import type { Statement, VariableDeclarator } from '@swc/core';
import { Visitor } from '@swc/core/Visitor.js';

// Loaded before dependency-cruiser (node --import): the visitor that it walks swc's trees with throws at a `using`
// declaration, which swc itself reads as any other.
interface UsingDeclaration {
  readonly type: 'UsingDeclaration';
  readonly decls: VariableDeclarator[];
}

const visitStatement = Visitor.prototype.visitStatement;

Visitor.prototype.visitStatement = function (
  this: Visitor,
  statement: Statement | UsingDeclaration,
): Statement {
  if (statement.type !== 'UsingDeclaration') return visitStatement.call(this, statement);
  this.visitVariableDeclarators(statement.decls);
  return statement as unknown as Statement;
};
