import { describe, expect, it } from 'vitest';
import { formatProblem } from './problem.ts';
import { readSpecs } from './read-specs.ts';

function problemsOf(hook: string): readonly string[] {
  const text = `apiVersion: penstock.dev/v1alpha1
kind: ModelService
metadata: {name: fraud}
spec: {port: 9000, versions: [{name: v1, endpoints: {static: [{address: 127.0.0.1, port: 1}]}}]}
---
apiVersion: penstock.dev/v1alpha1
kind: TrafficPolicy
metadata: {name: fraud}
spec:
  targetRef: {name: fraud}
  webhooks: [${hook}]
`;
  const { problems } = readSpecs([{ file: 'a', text }]);
  return problems.map((problem) => formatProblem(problem).replace('a:11: spec.webhooks[0].', ''));
}

describe('a webhook is valid', () => {
  it.each([
    ['generic', '{url: "http://h/x", secret: {env: KEY}, minimumSeverity: warning}'],
    ['with a template', `{url: "http://h", template: '{"text": "{{reason}}: {{message}}"}'}`],
    ['for Slack', '{url: "https://h/{{secret}}", format: slack, secret: {file: key}}'],
    ['for Teams', '{url: "https://h/x", format: teams}'],
    ['for DingTalk', '{url: "https://h/send?access_token=a", format: dingtalk, secret: {env: KEY}}'],
    ['for WeCom', '{url: "https://h/send?key={{secret}}", format: wecom, secret: {env: KEY}}'],
    ['for PagerDuty', '{url: "https://h/v2/enqueue", format: pagerduty, secret: {env: KEY}}'],
    [
      'for e-mail',
      '{url: "smtp://ada@h:587", format: email, mail: {from: a@b, to: [c@d]}, secret: {env: KEY}}',
    ],
  ])('%s', (_, hook) => {
    expect(problemsOf(hook)).toEqual([]);
  });
});

describe('a webhook is not valid', () => {
  it.each([
    [
      'as mail to a web address',
      '{url: "https://h", format: email, mail: {from: a@b, to: [c@d]}}',
      'url: e-mail is not posted; smtp://HOST:PORT or smtps://HOST',
    ],
    [
      'as a chat by mail',
      '{url: "smtp://h", format: slack}',
      'url: slack is not sent by mail; http:// or https:// and a host, or the format email',
    ],
    [
      'as mail from nobody',
      '{url: "smtp://h", format: email}',
      'mail: is missing; {from: NAME@HOST, to: [NAME@HOST]}',
    ],
    [
      'with a sender that nobody sees',
      '{url: "http://h", mail: {from: a@b, to: [c@d]}}',
      'mail: generic has no sender; leave it out, or the format email',
    ],
    [
      'with what is no mail address',
      '{url: "smtp://h", format: email, mail: {from: "Ada <a@b>", to: [c@d]}}',
      'mail.from: "Ada <a@b>" is not an e-mail address; NAME@HOST',
    ],
    [
      'for PagerDuty without a key',
      '{url: "http://h", format: pagerduty}',
      'secret: is missing; where the integration key is: {env: NAME} or {file: PATH}',
    ],
    [
      'with a placeholder and no secret',
      '{url: "http://h/{{secret}}", format: slack}',
      'secret: is missing, and the url has {{secret}}; {env: NAME} or {file: PATH}',
    ],
    [
      'with a template where the form is fixed',
      '{url: "http://h", format: wecom, template: x}',
      'template: wecom has a form of its own; leave it out, or the format generic',
    ],
    [
      'with an unknown placeholder',
      '{url: "http://h", template: "{{mesage}}"}',
      'template: unknown placeholder {{mesage}}; did you mean "message"',
    ],
  ])('%s', (_, hook, problem) => {
    expect(problemsOf(hook)).toEqual([problem]);
  });
});
