const key = 'anneal.charts';

interface Settings {
  smoothing: number;
  logarithmic: boolean;
  axis: 'step' | 'time';
}

function stored(): Settings {
  const settings: Settings = { smoothing: 0.6, logarithmic: false, axis: 'step' };
  try {
    const value: unknown = JSON.parse(localStorage.getItem(key) ?? '{}');
    if (typeof value !== 'object' || value === null) return settings;
    if ('smoothing' in value && typeof value.smoothing === 'number') settings.smoothing = Math.min(0.99, Math.max(0, value.smoothing));
    if ('logarithmic' in value) settings.logarithmic = value.logarithmic === true;
    if ('axis' in value && value.axis === 'time') settings.axis = 'time';
  } catch {
    // What cannot be read is as good as nothing.
  }
  return settings;
}

/** How charts are drawn; kept in the browser for the next run that is looked at. */
export class ChartSettings {
  smoothing = $state(0);
  logarithmic = $state(false);
  axis = $state<'step' | 'time'>('step');

  constructor() {
    Object.assign(this, stored());
  }

  save(): void {
    const { smoothing, logarithmic, axis } = this;
    localStorage.setItem(key, JSON.stringify({ smoothing, logarithmic, axis }));
  }
}
