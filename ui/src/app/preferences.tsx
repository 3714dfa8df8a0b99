/** What the viewer chose (zone), and the clock that pages share. */
import { createContext, type ReactNode, useContext, useEffect, useState } from 'react';
import { chooseZone, chosenZone } from '@/lib/time';

const Zone = createContext<[string, (zone: string) => void]>(['UTC', () => undefined]);
const Now = createContext<number>(Date.now());
const TICK_MS = 1000;

export function Preferences({ children }: { children: ReactNode }) {
  const [zone, setZone] = useState(chosenZone);
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) setNow(Date.now());
    }, TICK_MS);
    return () => clearInterval(timer);
  }, []);
  const choose = (next: string) => {
    chooseZone(next);
    setZone(next);
  };
  return (
    <Zone.Provider value={[zone, choose]}>
      <Now.Provider value={now}>{children}</Now.Provider>
    </Zone.Provider>
  );
}

export const useZone = () => useContext(Zone);
/** Now, once a second while the page is looked at. */
export const useNow = () => useContext(Now);
