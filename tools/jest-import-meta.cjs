/**
 * Lets ES modules that use `import.meta.url`, `.dirname` or `.filename` run under jest, which loads them as CommonJS:
 * rewrites the three to their CommonJS equivalents.
 */
const ts = require('typescript');

const factory = ts.factory;
const replacements = {
  dirname: () => factory.createIdentifier('__dirname'),
  filename: () => factory.createIdentifier('__filename'),
  url: () =>
    factory.createPropertyAccessExpression(
      factory.createCallExpression(
        factory.createPropertyAccessExpression(
          factory.createCallExpression(factory.createIdentifier('require'), undefined, [
            factory.createStringLiteral('node:url'),
          ]),
          'pathToFileURL',
        ),
        undefined,
        [factory.createIdentifier('__filename')],
      ),
      'href',
    ),
};

module.exports = {
  name: 'import-meta',
  version: 1,
  factory: () => (context) => (sourceFile) => {
    const visit = (node) =>
      ts.isPropertyAccessExpression(node) && ts.isMetaProperty(node.expression) && node.name.text in replacements
        ? replacements[node.name.text]()
        : ts.visitEachChild(node, visit, context);
    return ts.visitNode(sourceFile, visit);
  },
};
