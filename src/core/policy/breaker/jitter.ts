/**
 * A number in [0, 1) that only depends on the text: the jitter of a pause must differ between breakers and be the
 * same in a replay. FNV-1a with a finaliser, since its last characters hardly move the upper bits.
 */
export function drawFrom(text: string): number {
  let hash = 0x811c9dc5;
  for (const character of text) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 4_294_967_296;
}
