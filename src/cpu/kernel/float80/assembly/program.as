/** What the kernel exports. Every function is declared, with its meaning, in ../float80.ts. */
export { add, divide80 as divide, multiply80 as multiply, squareRoot, subtract } from './arithmetic';
export { compareOrdered, compareUnordered, compareWithZero, examine } from './comparison';
export {
  load32,
  load64,
  loadDecimal,
  loadInteger,
  store32,
  store64,
  storeDecimal,
  storeInteger,
  storeIntegerTruncated,
  widen32,
  widen64,
} from './conversion';
export { extract, remainderNearest, remainderTruncated, roundToInteger, scale } from './partial';
export { arctangent } from './arctangent';
export { loadConstant, powerOfTwoLessOne } from './exponential';
export { logarithm, logarithmOfOnePlus } from './logarithm';
export { cosine, sine, sineAndCosine, tangent } from './trigonometry';
export { streamingApproximate, streamingCompare, streamingConvert, streamingPacked } from './lanes';
export { streamingDouble, streamingSingle } from './streaming';
