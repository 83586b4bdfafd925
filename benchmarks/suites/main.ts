/** `bench [tensor|nn|quant]...`: measures our operations, of all packages or of those named. */
import { nnCases } from './nn.js';
import { quantCases } from './quant.js';
import { runSuite, type Cases } from './suite.js';
import { tensorCases } from './tensor.js';

const suites: Readonly<Record<string, () => Cases>> = { tensor: tensorCases, nn: nnCases, quant: quantCases };

const wanted = process.argv.slice(2).filter((argument) => argument !== '--');
for (const name of wanted.length > 0 ? wanted : Object.keys(suites)) {
  const cases = suites[name];
  if (!cases) throw new Error(`bench: no suite '${name}'. There are: ${Object.keys(suites).join(', ')}.`);
  runSuite(`@q/${name}`, cases());
}
