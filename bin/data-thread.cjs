// What a worker thread of the data plane runs.
'use strict';
require('./boot.cjs').load('sluice-data');
