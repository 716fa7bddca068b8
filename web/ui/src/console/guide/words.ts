/** The guide's sentences: so few that its three languages come with it. */
import type { Locale } from '@/shared/i18n'

const zhTW = {
  title: '你可以使用的頁面',
  hint: '你的角色不處理工單，所以這裡沒有待辦的工作。',
  rules: '看目前生效的規則、檢查結果、歷史與統計。',
  rulesReload: '看目前生效的規則、檢查結果、歷史與統計；修改規則資料夾後，在這裡重新載入。',
  rulesEdit: '看目前生效的規則，修改、試跑並發布。',
  settings: '設定客服台。',
  sessions: '看自己在哪些裝置上登入，並可逐一登出。',
  server: '在伺服器上',
  jobs: '查看與取消所有人的背景工作。',
  system: '檢查資料庫、鑰匙與環境是否正常。',
  more: '需要其他頁面嗎？權限由角色決定，請聯絡管理角色的人。',
}

export const words: Record<Locale, Record<keyof typeof zhTW, string>> = {
  'zh-TW': zhTW,
  'zh-CN': {
    title: '你可以使用的页面',
    hint: '你的角色不处理工单，所以这里没有待办事项。',
    rules: '查看当前生效的规则、检查结果、历史与统计。',
    rulesReload: '查看当前生效的规则、检查结果、历史与统计；修改规则文件夹后，在这里重新加载。',
    rulesEdit: '查看当前生效的规则，修改、试运行并发布。',
    settings: '设置客服台。',
    sessions: '查看自己在哪些设备上登录，并可逐一退出。',
    server: '在服务器上',
    jobs: '查看与取消所有人的后台任务。',
    system: '检查数据库、密钥与环境是否正常。',
    more: '需要其他页面吗？权限由角色决定，请联系管理角色的人。',
  },
  en: {
    title: 'Pages you can use',
    hint: 'Your role does not handle tickets, so no work waits for you here.',
    rules: 'See the rules in force, what was found in them, their history and statistics.',
    rulesReload: 'See the rules in force, what was found in them, their history and statistics; reload them after a change of the rules folder.',
    rulesEdit: 'See the rules in force, change them, try them and publish.',
    settings: 'Set up the desk.',
    sessions: 'See on which devices you are signed in, and sign out of any of them.',
    server: 'On the server',
    jobs: 'See and cancel everybody’s background jobs.',
    system: 'Check that database, keys and environment are in order.',
    more: 'Do you need other pages? Rights come with roles; please ask whoever keeps the roles.',
  },
}
