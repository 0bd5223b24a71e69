/* What the 16-bit part asks for. Variables do not last from one call to the next. */
#include "setup.h"

extern u8 variables_start[], variables_end[];

__attribute__((regparm(3))) u32 setup_main(u32 function, u32 linear) {
    fill(variables_start, 0, variables_end - variables_start);
    switch (function) {
    case SETUP_SHADOW:
        shadow_memory();
        break;
    case SETUP_BUS:
        pci_find_functions();
        pci_place();
        chipset_initialise();
        processor_initialise();
        break;
    case SETUP_TABLES:
        pci_find_functions();
        tables_write();
        break;
    case SETUP_OPTION_ROM:
        option_rom_load();
        break;
    case SETUP_LOCK:
        shadow_lock();
        break;
    case SETUP_KERNEL:
        kernel_start((const struct kernel_note *)linear);
        break;
    case SETUP_DISPLAY_ROM:
        display_rom_write();
        break;
    }
    return 0;
}
