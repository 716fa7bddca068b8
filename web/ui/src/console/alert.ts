/** A short sound for a line that wants this agent, and whether he wants to hear it. */
import { ref } from 'vue'

import type { Ticket } from '@/shared/api/types'

const KEPT = 'yingda.sound'

export const soundOn = ref(localStorage.getItem(KEPT) !== 'off')

export function setSound(on: boolean): void {
  soundOn.value = on
  localStorage.setItem(KEPT, on ? 'on' : 'off')
  if (on) beep()
}

let mine: (ticket: Ticket) => boolean = () => true
let context: AudioContext | null = null
let last = 0

/** Who decides whether a ticket is the agent's business. */
export function alertsAre(test: (ticket: Ticket) => boolean): void {
  mine = test
}

export function alertFor(ticket: Ticket | undefined): void {
  if (!soundOn.value || (ticket && !mine(ticket))) return
  const now = Date.now()
  // Ten lines in a second are one sound.
  if (now - last < 1_500) return
  last = now
  beep()
}

/** Two soft notes, made on the spot. Browsers refuse sound before the first click: then there is none. */
function beep(): void {
  try {
    context ??= new AudioContext()
    if (context.state === 'suspended') void context.resume()
    const start = context.currentTime
    for (const [at, pitch] of [
      [0, 880],
      [0.12, 1175],
    ] as const) {
      const tone = context.createOscillator()
      const volume = context.createGain()
      tone.frequency.value = pitch
      volume.gain.setValueAtTime(0.0001, start + at)
      volume.gain.exponentialRampToValueAtTime(0.12, start + at + 0.02)
      volume.gain.exponentialRampToValueAtTime(0.0001, start + at + 0.25)
      tone.connect(volume).connect(context.destination)
      tone.start(start + at)
      tone.stop(start + at + 0.3)
    }
  } catch {
    // No sound device: the title and the list still say it.
  }
}
