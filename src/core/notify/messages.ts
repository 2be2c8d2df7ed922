import { dingtalkMessage } from './dingtalk.ts';
import { genericMessages } from './generic.ts';
import { mailMessage } from './mail.ts';
import type { Message, Sending } from './message.ts';
import { pagerdutyMessages } from './pagerduty.ts';
import { slackMessage } from './slack.ts';
import { teamsMessage } from './teams.ts';
import { wecomMessage } from './wecom.ts';

/** The messages that tell a group of notices in the format of a webhook, in the order in which they are sent. */
export function messagesOf(sending: Sending): readonly Message[] {
  switch (sending.hook.format) {
    case 'generic':
      return genericMessages(sending);
    case 'slack':
      return [slackMessage(sending)];
    case 'teams':
      return [teamsMessage(sending)];
    case 'dingtalk':
      return [dingtalkMessage(sending)];
    case 'wecom':
      return [wecomMessage(sending)];
    case 'pagerduty':
      return pagerdutyMessages(sending);
    case 'email':
      return [mailMessage(sending)];
  }
}
