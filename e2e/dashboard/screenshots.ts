import { join } from 'node:path';
import type { Page } from 'playwright-core';

const IMAGES = join(import.meta.dirname, '../../docs/images');
const PHONE = { width: 390, height: 844 };

/**
 * The documents' pictures of a page: by day, by night, and on a phone. Taken only when PENSTOCK_SCREENSHOTS is set: a
 * test changes no file of the project.
 */
export async function takeScreenshots(page: Page, name: string): Promise<void> {
  if (!process.env.PENSTOCK_SCREENSHOTS) return;
  const size = page.viewportSize();
  const shoot = (suffix: string) => page.screenshot({ path: join(IMAGES, `${name}${suffix}.png`) });
  await page.emulateMedia({ colorScheme: 'light' });
  await shoot('');
  await page.emulateMedia({ colorScheme: 'dark' });
  await shoot('-dark');
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize(PHONE);
  await shoot('-phone');
  if (size) await page.setViewportSize(size);
}
