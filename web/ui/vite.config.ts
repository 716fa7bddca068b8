import { fileURLToPath, URL } from 'node:url'

import vue from '@vitejs/plugin-vue'
import { ElementPlusResolver } from 'unplugin-vue-components/resolvers'
import Components from 'unplugin-vue-components/vite'
import { defineConfig } from 'vitest/config'

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url))

// The console, the chat page, the demo shop and the page of addresses that lead nowhere. The widget, one file without a framework, has vite.widget.config.ts.
export default defineConfig({
  plugins: [
    vue(),
    // Only what a page uses of Element Plus is built into it.
    Components({ resolvers: [ElementPlusResolver()], dirs: [], dts: 'components.d.ts' }),
  ],
  resolve: { alias: { '@': path('./src') } },
  define: {
    __VUE_OPTIONS_API__: 'false',
    __VUE_PROD_DEVTOOLS__: 'false',
  },
  build: {
    outDir: path('../static'),
    emptyOutDir: true,
    sourcemap: false,
    target: 'es2022',
    // The polyfill is an inline script and inlined files are `data:` addresses; the CSP allows neither.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 800,
    rolldownOptions: {
      input: { console: path('./console.html'), chat: path('./chat.html'), demo: path('./demo.html'), nothing: path('./nothing.html') },
      output: {
        codeSplitting: {
          includeDependenciesRecursively: false,
          // What each feature says about itself is wanted at once: one file, not two for each feature.
          groups: [{ name: 'features', test: /src[\\/]features[\\/]([\w-]+[\\/](words[\\/])?)?(index|define|registry)\.ts$/ }],
        },
      },
    },
  },
  server: {
    host: '127.0.0.1',
    port: 5173,
    strictPort: true,
    proxy: {
      '/api': 'http://127.0.0.1:8080',
      '/ws': { target: 'ws://127.0.0.1:8080', ws: true },
    },
  },
  test: {
    environment: 'happy-dom',
    include: ['tests/**/*.test.ts'],
    // The tokens are read by a test.
    css: true,
    // The component library ships .css imports that only Vite understands.
    server: { deps: { inline: ['element-plus'] } },
  },
})
