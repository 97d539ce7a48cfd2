// In a project with Next.js: `const config: NextConfig`, with the type from 'next'.
const config = {
  // Stays in node_modules: fidius starts Python with files of its package.
  serverExternalPackages: ['fidius'],
  // What `output: 'standalone'` has to copy, because no import mentions it: the plugins, and the Python files of fidius.
  // The key is a pattern, in which [year] would be one letter.
  outputFileTracingIncludes: { '/api/months/*': ['./plugins/**/*', './node_modules/fidius/**/*'] },
};

export default config;
