/** Why an edit could not be tried, in the reader's words. */
import { ApiError } from '@/shared/api/client'
import { t } from '@/shared/i18n/vue'

import { reason } from '../names'

export const whyNotTried = (error: unknown): string =>
  error instanceof ApiError && error.code === 'rules-broken' ? t('rules.try.broken') : reason(error)
