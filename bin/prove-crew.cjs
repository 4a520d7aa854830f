// A thread of `sluice prove-reload`: an origin or a load, as the thread that started it says.
'use strict';
require('./boot.cjs').load('sluice-commands').crewMember();
