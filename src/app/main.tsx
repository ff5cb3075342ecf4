import { render } from 'preact';
import { createClient } from '../worker/client.ts';
import { App } from './app.tsx';

render(<App api={createClient()} />, document.getElementById('app')!);
