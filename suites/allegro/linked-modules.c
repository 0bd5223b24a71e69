/*
 * In place of Allegro's src/unix/umodules.c, which loads drivers from shared libraries: here the one module is linked in. Allegro's list of drivers for
 * the Linux console leaves mode X out; as a module it puts itself on the list.
 */
void _module_init_modex(int system_driver);
void _unix_load_modules(int system_driver);
void _unix_unload_modules(void);

void _unix_load_modules(int system_driver)
{
  _module_init_modex(system_driver);
}

void _unix_unload_modules(void)
{
}
