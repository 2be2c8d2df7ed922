/** One model version that a repository holds. */
export interface StoredVersion {
  readonly model: string;
  readonly version: string;
  /** Changes when the content may have changed. */
  readonly stamp: string;
  /**
   * The model's file, or its bytes where they must not be in a file. Checked against its checksum, and decrypted.
   * Rejects with FAILED_PRECONDITION when it is missing, damaged or locked, UNAVAILABLE when it cannot be fetched.
   */
  source(): Promise<string | Uint8Array>;
}

/** Where models come from. Its listing is asked again at every load. */
export interface Repository {
  /** All model versions there are. Rejects with UNAVAILABLE when the repository cannot be read. */
  list(): Promise<StoredVersion[]>;
}

/** A model version's file. */
export const MODEL_FILE = 'model.onnx';
/** The same, encrypted. */
export const ENCRYPTED_FILE = 'model.onnx.enc';
/** Beside a file: its SHA-256, as `sha256sum` writes it. */
export const CHECKSUM_SUFFIX = '.sha256';
