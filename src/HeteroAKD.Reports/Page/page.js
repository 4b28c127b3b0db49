'use strict';

// Tables: a click on a head sorts by its column, numbers as numbers, what is no number last.
for (const table of document.querySelectorAll('table.sortable')) {
  table.querySelectorAll('th button').forEach((button, column) => button.addEventListener('click', () => {
    const head = button.parentElement;
    const before = head.getAttribute('aria-sort');
    const down = before ? before === 'ascending' : !head.classList.contains('word');
    for (const other of table.querySelectorAll('th')) other.removeAttribute('aria-sort');
    head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
    const key = row => {
      const text = row.cells[column].textContent;
      const number = parseFloat(text.replace(/,/g, ''));
      return head.classList.contains('word') ? text : Number.isNaN(number) ? (down ? -Infinity : Infinity) : number;
    };
    const rows = [...table.tBodies[0].rows];
    rows.sort((a, b) => { const x = key(a), y = key(b); return (x < y ? -1 : x > y ? 1 : 0) * (down ? -1 : 1); });
    table.tBodies[0].append(...rows);
  }));
}

// Charts: the nearest point says its value.
const tip = document.getElementById('tip');
for (const chart of document.querySelectorAll('figure.chart')) {
  const svg = chart.querySelector('svg');
  const points = JSON.parse(chart.querySelector('script').textContent);
  svg.addEventListener('pointermove', event => {
    const box = svg.getBoundingClientRect();
    const scale = svg.viewBox.baseVal.width / box.width;
    const x = (event.clientX - box.left) * scale, y = (event.clientY - box.top) * scale;
    let best = null, least = 900;
    for (const point of points) {
      const distance = (point[0] - x) ** 2 + (point[1] - y) ** 2;
      if (distance < least) { least = distance; best = point; }
    }
    tip.hidden = best === null;
    if (best !== null) {
      tip.textContent = best[2];
      const left = box.left + best[0] / scale + 8;
      tip.style.left = Math.max(0, Math.min(left, document.documentElement.clientWidth - tip.offsetWidth - 4)) + window.scrollX + 'px';
      tip.style.top = box.top + best[1] / scale + window.scrollY - 30 + 'px';
    }
  });
  svg.addEventListener('pointerleave', () => { tip.hidden = true; });
}

// Scenes: two layers are shown, the left one up to the slider. Without this script they lie above each other.
for (const figure of document.querySelectorAll('figure.wipe')) {
  const layers = [...figure.querySelectorAll('.layers img')];
  const left = figure.querySelector('select.left'), right = figure.querySelector('select.right'), slider = figure.querySelector('input');
  const show = () => layers.forEach((layer, i) => {
    const isLeft = i === left.selectedIndex, isRight = i === right.selectedIndex;
    layer.style.visibility = isLeft || isRight ? 'visible' : 'hidden';
    layer.style.zIndex = isLeft ? 2 : 1;
    layer.style.clipPath = isLeft && !isRight ? `inset(0 ${100 - slider.value}% 0 0)` : 'none';
  });
  for (const control of [left, right, slider]) control.addEventListener('input', show);
  show();
}
