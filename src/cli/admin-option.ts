import { Option } from 'commander';
import { DEFAULT_ADMIN_URL } from './admin-client.ts';

/** `--admin URL`, shared by every command that asks a running control plane. */
export function adminOption(): Option {
  return new Option('--admin <url>', "address of the control plane's HTTP API")
    .env('PENSTOCK_ADMIN')
    .default(DEFAULT_ADMIN_URL);
}

/** `--token TOKEN`, beside it. */
export function tokenOption(): Option {
  return new Option(
    '--token <token>',
    'who you are to it; better in PENSTOCK_TOKEN, where other users of the machine cannot see it',
  );
}
