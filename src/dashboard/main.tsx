import './styles/tokens.css';
import './styles/base.css';
import './styles/shell.css';
import './styles/parts.css';
import './styles/mesh.css';
import './styles/rollout.css';
import { render } from 'preact';
import { App } from './app.tsx';
import { startState } from './state/app-state.ts';
import { followAddress } from './state/route.ts';

followAddress();
startState();
const root = document.getElementById('app');
if (root) render(<App />, root);
