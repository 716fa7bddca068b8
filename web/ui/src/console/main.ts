import { createPinia } from 'pinia'
import { createApp } from 'vue'

import '@/shared/tokens.css'
import '@/shared/base.css'
import { startLocale } from '@/shared/i18n/vue'
import { startTheme } from '@/shared/ui/theme'

import App from './App.vue'
import { createDeskRouter } from './router'

startTheme()
await startLocale()
const app = createApp(App)
app.use(createPinia())
const router = createDeskRouter()
app.use(router)
await router.isReady()
app.mount('#app')
