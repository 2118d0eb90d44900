import { Marked } from 'marked';

const escaped = (text: string): string => text.replace(/[&<>"]/g, (letter) => `&#${letter.charCodeAt(0)};`);

/** The anchor of a heading, as Git hosts make it. */
const anchorOf = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[^\p{Letter}\p{Number}\s-]/gu, '')
    .trim()
    .replace(/\s+/g, '-');

/** Links between guides stay in the client; those to other files of the repository have nothing to show here. */
function hrefHere(href: string): string | null {
  if (/^(https?:|#|\/)/.test(href)) return href;
  const guide = /^([a-z-]+)\.md(#.*)?$/.exec(href);
  return guide ? `/docs/${guide[1]}${guide[2] ?? ''}` : null;
}

const marked = new Marked({
  gfm: true,
  renderer: {
    heading({ tokens, depth }) {
      const html = this.parser.parseInline(tokens);
      return `<h${depth} id="${anchorOf(html.replace(/<[^>]*>/g, ''))}">${html}</h${depth}>\n`;
    },
    link({ href, tokens }) {
      const text = this.parser.parseInline(tokens);
      const here = hrefHere(href);
      return here === null ? text : `<a class="link" href="${escaped(here)}">${text}</a>`;
    },
    table(token) {
      const row = (cells: typeof token.header, tag: 'th' | 'td') =>
        `<tr>${cells.map(({ tokens }) => `<${tag}>${this.parser.parseInline(tokens)}</${tag}>`).join('')}</tr>`;
      const head = token.header.some(({ text }) => text !== '') ? `<thead>${row(token.header, 'th')}</thead>` : '';
      // Wide tables scroll by themselves, and can be reached with the keyboard for that.
      return `<div class="table" tabindex="0" role="region" aria-label="Table"><table>${head}<tbody>${token.rows.map((cells) => row(cells, 'td')).join('')}</tbody></table></div>`;
    },
    code({ text }) {
      return `<pre tabindex="0"><code>${escaped(text)}</code></pre>\n`;
    },
    // The guides need no HTML of their own.
    html: ({ text }) => escaped(text),
  },
});

/** Markdown of the repository as HTML. */
export const render = (text: string): string => marked.parse(text, { async: false });
