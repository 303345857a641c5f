import { mount } from 'svelte';
import AppView from './App.svelte';
import { takeFragment } from './invite/secret';
import { BUILD, openConnection } from './peer/connect';
import { Navigator } from './router/navigator.svelte';
import { App } from './stores/app.svelte';
import { Overlays } from './stores/overlays.svelte';
import { remembered } from './stores/remembered';

takeFragment(location, history);

const target = document.getElementById('app');
if (!target) throw new Error('index.html has no #app element');

const { client, attach } = openConnection();
const app = new App(client, navigator.storage);
client.on((event) => app.hear(event));

target.replaceChildren();
mount(AppView, { target, props: { app, navigator: new Navigator(), overlays: new Overlays() } });

void app.start({ relay: location.origin, build: BUILD, marker: remembered.marker }, window, attach);

const wake = () => {
  if (document.visibilityState === 'visible' && app.phase === 'ready') void client.wake().catch(() => undefined);
};
document.addEventListener('visibilitychange', wake);
window.addEventListener('online', wake);
