import type { ComponentChildren } from 'preact';

/** Line icons on a 20-pixel grid, in the colour of the text around them. */
function Icon({ children }: { children: ComponentChildren }) {
  return (
    <svg class="icon" viewBox="0 0 20 20" width="20" height="20" aria-hidden="true" fill="none">
      {children}
    </svg>
  );
}

const LINE = {
  stroke: 'currentColor',
  'stroke-width': 1.5,
  'stroke-linecap': 'round',
  'stroke-linejoin': 'round',
} as const;

export function SendIcon() {
  return (
    <Icon>
      <path {...LINE} stroke-width={1.8} d="M10 16V4.5M5 9.2 10 4.2l5 5" />
    </Icon>
  );
}

export function StopIcon() {
  return (
    <Icon>
      <rect x="5" y="5" width="10" height="10" rx="2" fill="currentColor" />
    </Icon>
  );
}

export function NewChatIcon() {
  return (
    <Icon>
      <path {...LINE} d="M10.5 4H6a2 2 0 0 0-2 2v8a2 2 0 0 0 2 2h8a2 2 0 0 0 2-2V9.5" />
      <path {...LINE} d="m9 11 .6-2.4 5.5-5.5a1.3 1.3 0 0 1 1.8 1.8l-5.5 5.5z" />
    </Icon>
  );
}

export function SettingsIcon() {
  return (
    <Icon>
      <path {...LINE} d="M3 6.5h8m4 0h2M3 13.5h2m4 0h8" />
      <circle {...LINE} cx="13" cy="6.5" r="2" />
      <circle {...LINE} cx="7" cy="13.5" r="2" />
    </Icon>
  );
}

export function ChevronIcon() {
  return (
    <Icon>
      <path {...LINE} d="m6.5 8.5 3.5 3.5 3.5-3.5" />
    </Icon>
  );
}

export function DownIcon() {
  return (
    <Icon>
      <path {...LINE} d="M10 4v11.5m-4.5-4.3 4.5 4.5 4.5-4.5" />
    </Icon>
  );
}

export function FileIcon() {
  return (
    <Icon>
      <path
        {...LINE}
        d="M11.5 3H6a1.5 1.5 0 0 0-1.5 1.5v11A1.5 1.5 0 0 0 6 17h8a1.5 1.5 0 0 0 1.5-1.5V7z"
      />
      <path {...LINE} d="M11.5 3v4h4" />
    </Icon>
  );
}

/** Lamina's mark: thin plates, one of them lit and pulled out of the stack. */
export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 24 24" width="24" height="24" aria-hidden="true">
      <g fill="currentColor">
        <rect x="3" y="4" width="14" height="2.2" rx="1.1" />
        <rect x="3" y="8.6" width="14" height="2.2" rx="1.1" />
        <rect class="mark-lit" x="3" y="13.2" width="18.5" height="2.2" rx="1.1" />
        <rect x="3" y="17.8" width="14" height="2.2" rx="1.1" />
      </g>
    </svg>
  );
}
