const name = '[a-z0-9-]+(?:/[a-z0-9-]+)*';
const label = '[a-z0-9-]{1,40}';

/** What a prompt may be called, but for its length. */
export const namePattern = new RegExp(`^${name}$`);
/** What a label may be called. */
export const labelPattern = new RegExp(`^${label}$`);
/** How a prompt is included: `name`, or `name@label`. */
export const includePattern = new RegExp(`^${name}(?:@${label})?$`);
