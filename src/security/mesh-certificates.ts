/** A certificate for one identity and what others are verified with, PEM. */
export interface MeshCertificate {
  readonly cert: string;
  readonly key: string;
  readonly authorities: string;
}

/** Follows the certificate of one identity. */
export interface MeshCertificates {
  /**
   * Has `told` called with the certificate of an identity, now or as soon as there is one, and each time it is
   * renewed.
   * @returns how to stop
   */
  follow(identity: string, told: (certificate: MeshCertificate) => void): () => void;
  close(): Promise<void>;
}
