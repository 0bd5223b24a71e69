/** Constants of the transcendental functions, 128 bits each: every function answers the high word and leaves the rest in `entryLow`. */

export let entryLow: u64 = 0;
function entry(high: u64, lowWord: u64): u64 {
  entryLow = lowWord;
  return high;
}

/** π in units of 2^-126. */
export const pi: u64 = 0xc90fdaa22168c234;
export const piLow: u64 = 0xc4c6628b80dc1cd1;
/** The natural logarithm of 2, in units of 2^-128. */
export const naturalLogarithmOf2: u64 = 0xb17217f7d1cf79ab;
export const naturalLogarithmOf2Low: u64 = 0xc9e3b39803f2f6af;
/** Twice the binary logarithm of e, in units of 2^-126. */
export const twiceLogarithmOfE: u64 = 0xb8aa3b295c17f0bb;
export const twiceLogarithmOfELow: u64 = 0xbe87fed0691d3e89;

/** arctan(index / 16) in units of 2^-126; index 1 to 16. */
export function arctangentOfSixteenths(index: i32): u64 {
  switch (index) {
    case 1:
      return entry(0x03feab76e59fbd38, 0xdb2c9e4b7038b835);
    case 2:
      return entry(0x07f56ea6ab0bdb71, 0x9644bcc4f9f44478);
    case 3:
      return entry(0x0bdcbda5e72d8113, 0x47b0b4f881c9c748);
    case 4:
      return entry(0x0fadbafc96406eb1, 0x56dc79ef5f7a217e);
    case 5:
      return entry(0x1362773707ebcbcd, 0x38b576931a4f5e65);
    case 6:
      return entry(0x16f61941e4def08e, 0x715464245b9fc890);
    case 7:
      return entry(0x1a64eec3cc23fcb6, 0xc84f92bd2003ce27);
    case 8:
      return entry(0x1dac670561bb4f68, 0xadfc88bd978751a0);
    case 9:
      return entry(0x20cafd29b6619f8a, 0x92da8272d8694570);
    case 10:
      return entry(0x23c01757bdfd67e6, 0xd720d78599710dd2);
    case 11:
      return entry(0x268be0399c6f7688, 0x1089be388813fcef);
    case 12:
      return entry(0x292f1f464d3dc249, 0x066a1fca915f6b28);
    case 13:
      return entry(0x2bab130e2d363020, 0x051c978bcf9481c3);
    case 14:
      return entry(0x2e014f8af08c679c, 0xf2cb69548429110f);
    case 15:
      return entry(0x3033a16e2b149990, 0x227758b11ba4be89);
    default:
      return entry(0x3243f6a8885a308d, 0x313198a2e0370734);
  }
}

/** 2^(index / 16) in units of 2^-127; index 0 to 15. */
export function powerOfSixteenths(index: i32): u64 {
  switch (index) {
    case 0:
      return entry(0x8000000000000000, 0x0000000000000000);
    case 1:
      return entry(0x85aac367cc487b14, 0xc5c95b8c2154c1b2);
    case 2:
      return entry(0x8b95c1e3ea8bd6e6, 0xfbe4628758a53c90);
    case 3:
      return entry(0x91c3d373ab11c336, 0x0fd6d8e0ae5ac9d8);
    case 4:
      return entry(0x9837f0518db8a96f, 0x46ad23182e42f6f6);
    case 5:
      return entry(0x9ef5326091a111ad, 0xa0911f09ebb9fdd1);
    case 6:
      return entry(0xa5fed6a9b15138ea, 0x1cbd7f621710701b);
    case 7:
      return entry(0xad583eea42a14ac6, 0x4980a8c8f59a2ec4);
    case 8:
      return entry(0xb504f333f9de6484, 0x597d89b3754abe9f);
    case 9:
      return entry(0xbd08a39f580c36be, 0xa8811fb66d0faf7a);
    case 10:
      return entry(0xc5672a115506dadd, 0x3e2ad0c964dd9f37);
    case 11:
      return entry(0xce248c151f8480e3, 0xe235838f95f2c6ed);
    case 12:
      return entry(0xd744fccad69d6af4, 0x39a68bb9902d3fde);
    case 13:
      return entry(0xe0ccdeec2a94e111, 0x065895048dd333ca);
    case 14:
      return entry(0xeac0c6e7dd24392e, 0xd02d75b3706e54fb);
    default:
      return entry(0xf5257d152486cc2c, 0x7b9d0c7aed980fc3);
  }
}

/** log2(16 / index), signed, in units of 2^-126; index 11 to 23. */
export function logarithmOfReciprocal(index: i32): u64 {
  switch (index) {
    case 11:
      return entry(0x2298ac1fcd15f101, 0xc141e66faaaaca50);
    case 12:
      return entry(0x1a8ff971810a5e18, 0x17fd3b7d7e5d148c);
    case 13:
      return entry(0x132bfee370ee6865, 0xa24978de359f2bb8);
    case 14:
      return entry(0x0c544c055fde9933, 0x354dbf16fb0695ee);
    case 15:
      return entry(0x05f58125b3eed319, 0xced1447e30ad393f);
    case 16:
      return entry(0x0000000000000000, 0x0000000000000000);
    case 17:
      return entry(0xfa6702414dbb3a60, 0xcceb1f67aeea294f);
    case 18:
      return entry(0xf51ff2e30214bc30, 0x2ffa76fafcba2917);
    case 19:
      return entry(0xf021f4a37ecbfaee, 0x2b9333ac3d886507);
    case 20:
      return entry(0xeb6587b432e47501, 0xb6d40900b25024b3);
    case 21:
      return entry(0xe6e44576e0e8f74b, 0x4d4afa947963aa7a);
    case 22:
      return entry(0xe298ac1fcd15f101, 0xc141e66faaaaca50);
    default:
      return entry(0xde7df5fe538ab34e, 0xfb515ac93b443d56);
  }
}
