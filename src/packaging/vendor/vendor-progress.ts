/** Progress of vendoring. */
export interface VendorProgress {
  /** `resolving`: the installer chooses and fetches distributions; `installing`: it unpacks them. */
  readonly phase: 'resolving' | 'installing';
  /** Number of distributions so far, if it is known. */
  readonly done?: number | undefined;
  /** Number of distributions in the end, if it is known. */
  readonly total?: number | undefined;
}
