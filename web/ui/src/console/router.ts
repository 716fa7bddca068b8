/** The pages that work, each fetched when it is first wanted; who may not be here is sent to where he may. */
import { createRouter, createWebHistory, type RouteLocationRaw, type Router } from 'vue-router'

import { api } from '@/shared/api/client'
import { startLocale } from '@/shared/i18n/vue'
import type { User } from '@/shared/api/types'

import { useDesk } from './stores/desk'
import { useSession } from './stores/session'

declare module 'vue-router' {
  interface RouteMeta {
    open?: boolean
  }
}

/** Only a path of our own: `//elsewhere`, `/\elsewhere` and addresses with a scheme would lead away from the desk. */
export function ownPath(wanted: unknown): string | null {
  if (typeof wanted !== 'string' || !wanted.startsWith('/') || /^\/[/\\]/.test(wanted)) return null
  const address = new URL(wanted, location.origin)
  return address.origin === location.origin ? address.pathname + address.search + address.hash : null
}

/** Where somebody goes after signing in: agents to the console, members to the chat. */
export function destination(user: User, next: unknown): string {
  const path = ownPath(next)
  const toChat = path !== null && /^\/chat($|\?)/.test(path)
  if (user.kind === 'member') return toChat ? path : '/chat'
  return path === null || path.startsWith('/login') ? '/' : path
}

/** `/chat` and files are other documents: the router does not know them. */
export function leaves(path: string): boolean {
  return /^\/(chat|demo|api)($|[/?])/.test(path)
}

export function createDeskRouter(): Router {
  const session = useSession()
  const desk = useDesk()
  const router = createRouter({
    history: createWebHistory(),
    routes: [
      { path: '/login', component: () => import('./views/Login.vue'), meta: { open: true } },
      {
        path: '/',
        component: () => import('./Shell.vue'),
        children: [
          { path: '', component: () => import('./views/Home.vue') },
          { path: 'inbox', component: () => import('./views/Inbox.vue') },
          { path: 'tickets/:number(\\d+)', component: () => import('./views/Ticket.vue') },
          { path: 'rules', component: () => import('./views/Rules.vue') },
          { path: 'account/sessions', component: () => import('./views/Sessions.vue') },
          { path: ':rest(.*)*', component: () => import('./views/NotFound.vue') },
        ],
      },
    ],
  })

  const toLogin = (from: string): RouteLocationRaw => ({ path: '/login', query: from === '/' ? {} : { next: from } })

  api.onSignedOut = () => {
    if (!session.user) return
    session.forget()
    desk.stop()
    void router.push(toLogin(router.currentRoute.value.fullPath))
  }

  router.beforeEach(async (to) => {
    if (to.meta.open) return true
    const user = await session.load().catch(() => null)
    if (!user) return toLogin(to.fullPath)
    if (user.kind === 'member') {
      location.replace('/chat')
      return false
    }
    await startLocale(user.locale)
    void desk.start()
    return true
  })

  return router
}

