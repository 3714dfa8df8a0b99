/** To be written. */
export default function Inbox() {
  return null;
}
