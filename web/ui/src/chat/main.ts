// The place where the chat page will stand: enough to prove the build.
const app = document.querySelector('#app')
if (app) app.textContent = '應答'
