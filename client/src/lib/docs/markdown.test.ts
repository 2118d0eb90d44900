import { expect, it } from 'vitest';
import { render } from './markdown.ts';

it('gives headings the anchors that links name', () => {
  expect(render('## A run, in `steps`')).toBe('<h2 id="a-run-in-steps">A run, in <code>steps</code></h2>\n');
});

it('keeps links between guides here, and shows those to other files as text', () => {
  const html = render('[Data](data.md#sources), [schema](../schema/schema.graphql), [site](https://site.example), [below](#below)');
  expect(html).toContain('href="/docs/data#sources"');
  expect(html).toContain('href="https://site.example"');
  expect(html).toContain('href="#below"');
  expect(html).not.toContain('schema.graphql');
});

it('shows markup as text', () => {
  expect(render('before <img src=x onerror=alert(1)> after\n\n<script>bad()</script>\n\n[x](javascript:bad())')).not.toMatch(
    /<img|<script|javascript:/,
  );
});

it('makes tables that can be scrolled, without an empty head', () => {
  const html = render('| | |\n|---|---|\n| a | b |\n');
  expect(html).not.toContain('<thead>');
  expect(html).toContain('<td>a</td><td>b</td>');
});
