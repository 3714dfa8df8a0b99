/** What somebody may do in the installation. */
export { may, type Rights, useMay } from '@/app/rights';
