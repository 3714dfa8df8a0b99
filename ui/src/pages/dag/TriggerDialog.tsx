/** To be written. */
export function TriggerDialog(_props: { dagId: string; close: () => void }) {
  return null;
}
