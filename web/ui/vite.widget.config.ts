import { fileURLToPath, URL } from 'node:url'

import { defineConfig } from 'vite'

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url))

// widget.js: the one script a shop pastes into its pages. Its address never changes, so it carries no hash.
export default defineConfig({
  resolve: { alias: { '@': path('./src') } },
  publicDir: false,
  build: {
    outDir: path('../static'),
    emptyOutDir: false,
    sourcemap: false,
    target: 'es2020',
    lib: {
      entry: path('./src/widget/main.ts'),
      formats: ['iife'],
      name: 'YingdaWidget',
      fileName: () => 'widget.js',
    },
  },
})
