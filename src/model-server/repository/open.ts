import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openBucket } from './bucket.ts';
import { openFolder } from './folder.ts';
import type { KeySource } from './keys.ts';
import type { Repository } from './stored.ts';

/** Where models are, and what is needed to get at them. */
export interface RepositorySettings {
  /** A folder, or `s3://BUCKET/PREFIX`. */
  readonly location: string;
  readonly key: KeySource | undefined;
  readonly s3: {
    readonly endpoint: string | undefined;
    readonly region: string;
  };
  /** The folder for what is fetched; one for this process when absent. */
  readonly fetchFolder: string | undefined;
}

/**
 * Opens a repository. Credentials for a bucket are taken from the variables that S3 clients share
 * (`AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`); without them it is read as a public one.
 */
export function openRepository(settings: RepositorySettings, environment: NodeJS.ProcessEnv): Repository {
  const { location, key, s3 } = settings;
  const [, bucket, path = ''] = /^s3:\/\/([^/]+)\/?(.*)$/.exec(location) ?? [];
  if (bucket === undefined) return openFolder(location, key);
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = environment;
  const sessionToken = environment.AWS_SESSION_TOKEN;
  return openBucket({
    bucket,
    prefix: path === '' || path.endsWith('/') ? path : `${path}/`,
    endpoint: s3.endpoint ?? `https://s3.${s3.region}.amazonaws.com`,
    region: s3.region,
    credentials:
      accessKeyId && secretAccessKey
        ? { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) }
        : undefined,
    cache: settings.fetchFolder ?? join(tmpdir(), `model-server-${process.pid}`),
    key,
  });
}
