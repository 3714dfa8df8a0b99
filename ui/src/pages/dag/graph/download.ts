/** The picture of a graph as a file, in the colours of the theme as it is: drawn from the known places. */
import { type Palette, paletteOf } from '@/components/canvas/palette';
import type { Way } from '@/components/graph/Ways';
import type { ShownNode } from './GraphNodes';
import { draw, pictureOf, piecesOf } from './picture';
import { extentOf, svgOf } from './svg';

const SCALE = 2;
/** What every browser can draw. */
const SIDE_MAX = 8_192;
const PIXELS_MAX = 32_000_000;

export type Format = 'svg' | 'png';

export interface Drawing {
  nodes: readonly ShownNode[];
  ways: readonly Way[];
  /** Any part of the page that has the theme. */
  of: Element;
  title: string;
  name: string;
}

/** Keep the picture as a file. */
export async function download(format: Format, drawing: Drawing): Promise<void> {
  const palette = paletteOf(drawing.of);
  const blob = format === 'svg' ? svg(drawing, palette) : await png(drawing, palette);
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = `${drawing.name.replace(/[^\w.+-]/g, '_')}.${format}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href));
}

function contextOf(canvas: HTMLCanvasElement): CanvasRenderingContext2D {
  const context = canvas.getContext('2d');
  if (context === null) throw new Error('the browser draws no pictures');
  return context;
}

function svg({ nodes, ways, title }: Drawing, palette: Palette): Blob {
  const context = contextOf(document.createElement('canvas'));
  const measure = (text: string, size: number, isBold: boolean) => {
    context.font = `${isBold ? 600 : 400} ${size}px ${palette.font}`;
    return context.measureText(text).width;
  };
  return new Blob([svgOf(nodes, ways, palette, measure, title)], { type: 'image/svg+xml' });
}

function png({ nodes, ways }: Drawing, palette: Palette): Promise<Blob> {
  const { left, top, right, bottom } = extentOf(piecesOf(nodes), ways);
  const [width, height] = [right - left, bottom - top];
  const scale = Math.min(
    SCALE,
    SIDE_MAX / width,
    SIDE_MAX / height,
    Math.sqrt(PIXELS_MAX / (width * height)),
  );
  const canvas = document.createElement('canvas');
  canvas.width = Math.ceil(width * scale);
  canvas.height = Math.ceil(height * scale);
  const context = contextOf(canvas);
  const viewport = { x: -left * scale, y: -top * scale, zoom: scale };
  draw(context, pictureOf(nodes, ways), palette, {
    viewport,
    width: canvas.width,
    height: canvas.height,
    isFar: false,
  });
  context.globalCompositeOperation = 'destination-over';
  context.fillStyle = palette.surface;
  context.fillRect(0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) =>
    canvas.toBlob((blob) => (blob === null ? reject(new Error('the picture is too large')) : resolve(blob))),
  );
}
