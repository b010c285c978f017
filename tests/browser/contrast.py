"""Whether what a page says can be read: WCAG 2.2's contrast, of every text that is seen.

https://www.w3.org/TR/WCAG22/#contrast-minimum
"""

from __future__ import annotations

from playwright.async_api import Locator

_MEASURE = """
(body) => {
  const pixel = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const paint = (colour) => {
    pixel.fillStyle = colour;
    pixel.fillRect(0, 0, 1, 1);
  };
  const luminance = () => {
    const [red, green, blue] = [...pixel.getImageData(0, 0, 1, 1).data]
      .map((part) => part / 255)
      .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const faint = [];
  const texts = document.createTreeWalker(body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const text = texts.currentNode.data.trim();
    const holder = texts.currentNode.parentElement;
    if (!text || !holder.checkVisibility({ checkOpacity: true })) continue;
    const style = getComputedStyle(holder);
    paint("white");
    const around = [];
    for (let each = holder; each; each = each.parentElement) around.unshift(each);
    around.forEach((each) => paint(getComputedStyle(each).backgroundColor));
    const ground = luminance();
    paint(style.color);
    const ink = luminance();
    const ratio = (Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio < (large ? 3 : 4.5)) faint.push(`${text}: ${ratio.toFixed(2)}`);
  }
  return faint;
}
"""


async def faint(body: Locator) -> list[str]:
    """The texts in there that are too faint, each with its contrast."""
    found: list[str] = await body.evaluate(_MEASURE)
    return found
