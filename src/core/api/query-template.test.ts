import { expect, it } from 'vitest';
import { fillPlaceholders, placeholdersOf } from './query-template.ts';

it('names each placeholder once, in order, with or without spaces', () => {
  expect(placeholdersOf('a{v="{{ version }}",s="{{service}}"}[{{window}}] / b{v="{{version}}"}')).toEqual([
    'version',
    'service',
    'window',
  ]);
});

it('fills what it has a value for and leaves the rest', () => {
  expect(fillPlaceholders('{v="{{version}}",x="{{ other }}",y="{{toString}}"}', { version: 'v2' })).toBe(
    '{v="v2",x="{{ other }}",y="{{toString}}"}',
  );
});

it('does not read what it filled in again', () => {
  expect(fillPlaceholders('{{a}}', { a: '{{b}}', b: 'no' })).toBe('{{b}}');
});
