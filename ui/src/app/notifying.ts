/** The browser's own notifications: whether they may be shown here, and showing one. */

/** What the browser says: `absent` where it has none, as on an address without TLS, `default` while nobody chose. */
export type Allowance = NotificationPermission | 'absent';

export function allowance(): Allowance {
  return 'Notification' in window ? Notification.permission : 'absent';
}

/** Ask whether notifications may be shown; a browser asks a person once, and remembers. */
export async function askToNotify(): Promise<Allowance> {
  return 'Notification' in window ? Notification.requestPermission() : 'absent';
}

/** Show a notification; false where it cannot be shown. Pressing it goes to `address`. */
export function notify(title: string, options: NotificationOptions, address: string): boolean {
  if (allowance() !== 'granted') return false;
  try {
    const notice = new Notification(title, options);
    notice.onclick = () => {
      window.focus();
      window.location.assign(address);
    };
    return true;
  } catch {
    // Browsers of telephones say that they may, and let no page do it.
    return false;
  }
}

const LOOKS = ['pointerdown', 'keydown', 'focus', 'visibilitychange'] as const;

/** What the title says now, and the page's own: what ends after it goes back to that, too. */
let calling: { called: string; own: string } | null = null;

/** Have the title of the page say something until somebody looks at the page. */
export function callByTitle(text: string): void {
  const called = `● ${text}`;
  const own = calling?.called === document.title ? calling.own : document.title;
  calling = { called, own };
  document.title = called;
  const end = () => {
    if (document.hidden) return;
    for (const look of LOOKS) window.removeEventListener(look, end, true);
    // A page that was opened meanwhile has a title of its own.
    if (document.title === called) document.title = own;
  };
  for (const look of LOOKS) window.addEventListener(look, end, true);
}
