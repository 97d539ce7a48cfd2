/** Why compressed data cannot be decoded. Whoever knows the file turns it into an error of the library. */
export class CorruptBzip2 extends Error {}
