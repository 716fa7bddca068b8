import { deskOrigin } from '@/shared/origin'

// The place where the widget will stand: it finds its desk and its shop, and marks the page.
const script = document.currentScript
if (script instanceof HTMLScriptElement) {
  const origin = deskOrigin(script.src)
  if (origin) script.dataset['desk'] = origin
}
