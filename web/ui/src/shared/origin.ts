/** Where the desk lives, read from the address of the script that a shop pasted; null when that is no usable address. */
export function deskOrigin(scriptAddress: string): string | null {
  try {
    const { origin, protocol } = new URL(scriptAddress)
    return protocol === 'https:' || protocol === 'http:' ? origin : null
  } catch {
    return null
  }
}
