export const words = {
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
}
