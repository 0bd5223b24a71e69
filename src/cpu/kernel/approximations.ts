/**
 * RCPPS and RSQRTPS. The manual asks for a relative error of at most 1.5 × 2^-12 and leaves the result to the processor; Intel's and AMD's differ. These are AMD's,
 * measured on a processor of family 19h: of the twelve upper bits of the fraction, the first eight choose a value, and the first four and the
 * last four what is taken off it. Beyond Intel SDM Vol. 2B, "RCPPS" and "RSQRTPS", nothing of it is documented.
 */

interface Approximation {
  /** 12 bits of the result's fraction, in three digits each, by the operand fraction's upper eight bits. */
  readonly values: string;
  /** How the value falls from each to the next of the operand fraction's following four bits, a digit each; 16 for each of the upper four bits. */
  readonly falls: string;
}

/** 1/x; then 1/√x, where x lies from 1 to 2 and where it lies from 2 to 4. */
// prettier-ignore
const approximations: readonly Approximation[] = [
  {
    values: [
      'ffefdefbff9ff81f62f43f25f07ee9ecbeaee91e74e57e3ae1ce00de4dc9dadd92d77d5cd41d26d0ccf2cd8cbeca4c8b',
      'c70c57c3ec25c0dbf4bdcbc4bacb94b7db65b4eb37b20b09af1adbac4aaea98a82a6ca56a41a2ba16a019ec9d79c29ae',
      '99898497095c94893492090d8f98e68d28bf8ac89988687486184f83c82a8188067f47e27d07bf7ad79c78a779768757',
      '7457347247137026f26e26d16c16b16a16916816726626526426336236146055f65e75d85c95ba5ac59d58f580572563',
      '55554753852a51d50f5014f34e64d84ca4bd4b04a249548847a46d46045344743a42d4204144073fb3ee3e23d63c93bd',
      '3b13a539938d38137536935e35234633b32f32431830d3022f62eb2e02d52ca2bf2b42a929e29328827e27326925e253',
      '24823e23422921f21520b2011f61ec1e21d81cf1c51bb1b11a719e19418a18117716e16415b15114813f13612c12311a',
      '1101070fe0f50ec0e30db0d20c90c00b70af0a609d09508c08407b07306a06205a051049041039030028020018010008',
    ].join(''),
    falls: [
      '021222222212222201221221221221220121121212121212011211211211211201111211121111210112111111112111',
      '011111111111111101111101111111110110111111011111010111101111011101101101110111010101101101101101',
      '0011010110110101001101011010110100101010110101010010101101010101',
    ].join(''),
  },
  {
    values: [
      'ffffeffdffd0fc0fb0fa1f92f82f73f64f55f46f37f28f1af0befceeeedfed1ec3eb5ea7e99e8be7de6fe61e54e46e39',
      'e2be1ee10e03df6de9ddcdcfdc2db5da9d9cd8fd83d76d6ad5dd51d44d38d2cd20d14d08cfccf0ce5cd9ccdcc2cb6cab',
      'c9ec93c88c7cc71c66c5bc50c45c3ac2fc24c19c0ec04bf9beebe4bd9bcfbc4bbabafba5b9bb91b86b7cb72b68b5eb54',
      'b4ab40b36b2cb22b19b0fb05afcaf2ae9adfad6accac3abaab0aa7a9ea94a8ba82a79a70a67a5ea55a4ca43a3ba32a29',
      'a21a18a0fa079fe9f69ed9e59dc9d49cb9c39bb9b29aa9a299999198998197997196996195995194994193993292a922',
      '91a91290b9038fb8f48ec8e58dd8d68ce8c78bf8b88b18a98a289b89488d88587e87787086986285b85484d84683f838',
      '83082982281c81580e8078007fa7f37ec7e67df7d87d27cb7c57be7b87b17ab7a479e79779178b78477e77877176b765',
      '75e75875274c74674073a73372d72772171b71570f7097036fd6f76f16eb6e56e06da6d46ce6c86c36bd6b76b16ac6a6',
    ].join(''),
    falls: [
      '011111110111111101110111111101110110111101111101011011011101110100110111011011010101101101011011',
      '001101010110110100101011010101100101010101010101001010101010101000101010010101010101001010101001',
      '0010010100101010001010010100100100100101001010010001001010010010',
    ].join(''),
  },
  {
    values: [
      '6a069568a67e67366965e65364863d63362861d6136085fe5f35e95df5d45ca5c05b65ac5a259958f58557b57256855f',
      '55554b54253952f52651d51450b5024f94f04e74de4d54cc4c34bb4b24a94a149849048747f47746e46645e45544d445',
      '43d43542d42541d41540d4053fd3f53ee3e63de3d73cf3c83c03b93b13aa3a239b39438c38537e37736f36836135a353',
      '34c34533e33733032932231b31530e3073002fa2f32ec2e62df2d92d22cc2c52bf2b82b22ac2a529f29929228c286280',
      '27927326d26726125b25524f24924323d23723122b22522021a21420e2092031fd1f71f21ec1e71e11db1d61d01cb1c5',
      '1c01bb1b51b01aa1a51a019a19519018a18518017b17617016b16616115c15715214d14814313e13913412f12a125120',
      '11a11611110c1071020fd0f90f40ef0ea0e60e10dc0d80d30ce0ca0c50c10bc0b70b30ae0aa0a50a109c09809308f08b',
      '08608207d07907507006c06806305f05b05705204e04a04604103d03903503102d02902402001c01801401000c008004',
    ].join(''),
    falls: [
      '010110110110110100110101101101100011010101101010001101010101010100101010101010100100101010101001',
      '001010010101001000101001010010100001010010010100001001001001001000100100100100100100100100100010',
      '0001001000100100000100100010010000100010001000100010001000100010',
    ].join(''),
  },
];

/** Bytes of one table: 256 values of two bytes, then 256 sums of falls of one byte. */
const tableBytes = 768;
export const approximationBytes = approximations.length * tableBytes;

/** Writes the tables where the kernel looks them up. */
export function writeApproximations(memory: Uint8Array, start: number): void {
  approximations.forEach(({ values, falls }, table) => {
    const at = start + table * tableBytes;
    for (let index = 0; index < 256; index++) {
      const value = parseInt(values.slice(index * 3, index * 3 + 3), 16);
      memory[at + index * 2] = value & 0xff;
      memory[at + index * 2 + 1] = value >> 8;
      const before = index % 16 === 0 ? 0 : memory[at + 512 + index - 1]!;
      memory[at + 512 + index] = before + Number(falls[index]);
    }
  });
}
