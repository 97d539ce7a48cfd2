// In a project with Next.js: `const config: NextConfig`, with the type from 'next'.
const config = {
  // Stays in node_modules: fidius starts Python with files of its package.
  serverExternalPackages: ['fidius'],
  // What `output: 'standalone'` has to copy, because no import mentions it. The key is a pattern, in which [year] is a letter.
  outputFileTracingIncludes: { '/api/months/*': ['./plugins/**/*'] },
};

export default config;
