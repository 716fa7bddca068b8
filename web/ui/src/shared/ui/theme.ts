/** Light, dark or as the system says; kept on this device. */
import { ref } from 'vue'

export type Theme = 'auto' | 'light' | 'dark'

const KEPT = 'yingda.theme'
const system = matchMedia('(prefers-color-scheme: dark)')

const known = (value: string | null): Theme => (value === 'light' || value === 'dark' ? value : 'auto')

export const theme = ref<Theme>(known(localStorage.getItem(KEPT)))

function apply(): void {
  const dark = theme.value === 'dark' || (theme.value === 'auto' && system.matches)
  document.documentElement.classList.toggle('dark', dark)
}

export function setTheme(wanted: Theme): void {
  theme.value = wanted
  localStorage.setItem(KEPT, wanted)
  apply()
}

export function startTheme(): void {
  system.addEventListener('change', apply)
  apply()
}
