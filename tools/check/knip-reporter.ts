import type { Reporter } from 'knip';

/** Says how many files knip read, which its own reporters keep to themselves. */
const reporter: Reporter = ({ counters }) => {
  console.log(`files read: ${counters.total}`);
};

export default reporter;
