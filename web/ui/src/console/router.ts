/** The pages that work, each fetched when it is first wanted; who may not be here is sent to where he may. */
import type { Component } from 'vue'
import { createRouter, createWebHistory, type RouteLocationRaw, type Router } from 'vue-router'

import { isFilled, prepare, routes } from '@/features'
import type { Load, PlaceName } from '@/features/define'
import { api } from '@/shared/api/client'
import { startLocale } from '@/shared/i18n/vue'
import type { User } from '@/shared/api/types'

import { useDesk } from './stores/desk'
import { useSession } from './stores/session'

declare module 'vue-router' {
  interface RouteMeta {
    open?: boolean
    /** Who lacks it is told so. */
    right?: string
    /** The page is for those for whom a feature fills this place. */
    place?: PlaceName
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
  if (user.kind === 'member') return path !== null && isForMembers(path) ? path : '/chat'
  return path === null || path.startsWith('/login') ? '/' : path
}

/** The pages of the desk that members see: signing in for one of them is signing in to the shop. */
export const isForMembers = (path: string): boolean => /^\/(chat|demo)($|[?#])/.test(path)

/** `/chat` and files are other documents: the router does not know them. */
export function leaves(path: string): boolean {
  return /^\/(chat|demo|api)($|[/?])/.test(path)
}

/** A page with its places: what fills them is fetched with it. */
const page =
  (load: Load, ...places: PlaceName[]): (() => Promise<{ default: Component }>) =>
  async () =>
    (await Promise.all([load(), prepare(...places)]))[0]

/** The page most likely wanted next, for whoever fetches it before it is asked for. */
export const ticketPage = (): Promise<{ default: Component }> => import('./views/Ticket.vue')

export function createDeskRouter(): Router {
  const session = useSession()
  const desk = useDesk()
  const router = createRouter({
    history: createWebHistory(),
    routes: [
      { path: '/login', component: () => import('./views/Login.vue'), meta: { open: true } },
      {
        path: '/',
        component: page(() => import('./Shell.vue'), 'top.tools'),
        children: [
          { path: '', component: page(() => import('./views/Home.vue'), 'home.cards') },
          { path: 'inbox', component: page(() => import('./views/Inbox.vue'), 'list.actions', 'list.selection'), meta: { right: 'ticket.view' } },
          { path: 'tickets', redirect: '/inbox' },
          {
            path: 'tickets/:number(\\d+)',
            component: page(ticketPage, 'composer.above', 'composer.tools', 'ticket.panels', 'member.panels'),
            meta: { right: 'ticket.view' },
          },
          { path: 'rules', component: () => import('./views/Rules.vue'), meta: { right: 'rules.view' } },
          { path: 'account/sessions', component: () => import('./views/Sessions.vue') },
          { path: 'settings', component: page(() => import('./views/Settings.vue'), 'settings.sections'), meta: { place: 'settings.sections' } },
          ...routes,
          { path: ':rest(.*)*', component: () => import('./views/NotFound.vue') },
          // Reached by its name only: the address stays that of the page, which may be allowed by the next visit.
          { path: ':rest(.*)*', name: 'forbidden', component: () => import('./views/NotFound.vue'), props: { forbidden: true } },
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
    const { right, place } = to.meta
    if ((right === undefined || session.may(right)) && (place === undefined || isFilled(place))) return true
    return { name: 'forbidden', params: { rest: to.path.slice(1).split('/') }, query: to.query }
  })

  return router
}

