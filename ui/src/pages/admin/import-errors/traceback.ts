/** A traceback, line by line: which of it are the person's own. */

export interface Line {
  text: string;
  /** Whether it is of a file of the person's own, not of a library. */
  isOwn: boolean;
  /** Whether it says which file and line. */
  isPlace: boolean;
}

export interface Place {
  file: string;
  line: number;
}

const FRAME = /^\s+File "(.*)", line (\d+)/;
const LIBRARY = /(^|\/)(site-packages|dist-packages|lib\/python\d[\d.]*|importlib)\/|^<frozen /;

/** Return the lines; a frame's code belongs to its file. */
export function linesOf(trace: string): Line[] {
  let isOwn = false;
  return trace.split('\n').map((text) => {
    const frame = FRAME.exec(text);
    if (frame !== null) isOwn = !LIBRARY.test(frame[1] ?? '');
    else if (!text.startsWith(' ')) isOwn = false;
    return { text, isOwn, isPlace: frame !== null };
  });
}

/** Return what went wrong, in a line: the last that says so. */
export function headlineOf(trace: string): string {
  const lines = trace.split('\n').filter((line) => line.trim() !== '' && !line.startsWith(' '));
  return lines.at(-1) ?? trace.trim();
}

/** Return the innermost place in the person's own code. */
export function ownPlace(trace: string): Place | null {
  const places = linesOf(trace).filter((line) => line.isPlace && line.isOwn);
  const frame = FRAME.exec(places.at(-1)?.text ?? '');
  return frame === null ? null : { file: frame[1] ?? '', line: Number(frame[2]) };
}
